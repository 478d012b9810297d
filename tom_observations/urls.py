"""URLs of tom_observations."""

app_name = "tom_observations"
urlpatterns = []
