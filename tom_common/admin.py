"""The rows of tom_common on the admin site. Jobs and news are read there, not written."""

from django.contrib import admin

from tom_common.models import Job, Notification, Profile


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows that the program makes by itself; they can be deleted."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):
    list_display = ("user", "affiliation", "site_name", "time_zone")
    list_select_related = ("user",)
    raw_id_fields = ("user",)
    search_fields = ("user__username", "user__last_name", "affiliation")


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("title", "user", "state", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("user",)
    search_fields = ("title", "user__username")


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("text", "user", "kind", "created_at", "read_at")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__username",)
