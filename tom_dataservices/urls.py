"""URLs of tom_dataservices."""

app_name = "tom_dataservices"
urlpatterns = []
