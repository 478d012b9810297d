"""URLs of tom_dataproducts."""

app_name = "tom_dataproducts"
urlpatterns = []
