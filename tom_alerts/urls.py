"""URLs of tom_alerts."""

app_name = "tom_alerts"
urlpatterns = []
