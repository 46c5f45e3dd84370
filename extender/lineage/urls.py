"""Trees and films."""

from django.urls import path

from extender.lineage import views

urlpatterns = [
    path("tasks/<uuid:pk>/tree/", views.tree, name="tree"),
    path("tasks/<uuid:pk>/tree/<uuid:root_pk>/news/", views.tree_news, name="tree_news"),
    path("tasks/<uuid:pk>/clips/<int:index>/film/", views.film, name="film"),
]
