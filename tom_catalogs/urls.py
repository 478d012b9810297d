"""URLs of tom_catalogs."""

app_name = "tom_catalogs"
urlpatterns = []
