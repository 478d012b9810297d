"""URLs of tom_targets."""

app_name = "tom_targets"
urlpatterns = []
