"""URLs of tom_calendar."""

app_name = "tom_calendar"
urlpatterns = []
