# By itself: PostgreSQL would hold the lock of the new column, in which nobody may even read, while the index is built.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('extender', '0003_kept_clips'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='task',
            index=models.Index(models.F('owner'), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('kept__isnull', False)), name='kept_history'),
        ),
    ]
