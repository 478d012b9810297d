"""URLs of jobs, health and notifications; ``tom_common.urls`` puts them in their place."""

from django.urls import path

from tom_common.views import health, jobs, metrics, notifications

job_urlpatterns = [
    path("jobs/", jobs.JobListView.as_view(), name="job-list"),
    path("jobs/retry-failed/", health.RetryAllView.as_view(), name="job-retry-all"),
    path("metrics", metrics.MetricsView.as_view(), name="metrics"),
    path("health/", health.HealthView.as_view(), name="health"),
    path("health/services/<int:pk>/reset/", health.ServiceResetView.as_view(), name="health-service-reset"),
    path("health/periodic/", health.PeriodicRunView.as_view(), name="health-periodic-run"),
    path("jobs/<int:pk>/", jobs.JobDetailView.as_view(), name="job-detail"),
    path("jobs/<int:pk>/status/", jobs.JobStatusView.as_view(), name="job-status"),
    path("jobs/<int:pk>/data.json", jobs.JobDataView.as_view(), name="job-data"),
    path("jobs/<int:pk>/log.txt", jobs.JobLogView.as_view(), name="job-log"),
    path("jobs/<int:pk>/retry/", jobs.JobRetryView.as_view(), name="job-retry"),
    path("jobs/<int:pk>/cancel/", jobs.JobCancelView.as_view(), name="job-cancel"),
    path("notifications/", notifications.NotificationListView.as_view(), name="notification-list"),
    path("notifications/read/", notifications.NotificationsReadView.as_view(), name="notifications-read"),
    path(
        "notifications/<int:pk>/open/", notifications.NotificationOpenView.as_view(), name="notification-open"
    ),
]
