"""Targets and lists in Django's admin site, for staff who mend single rows."""

from django.contrib import admin

from tom_targets.models import Target, TargetExtra, TargetList, TargetName, TrashedTarget


class TargetNameInline(admin.TabularInline):
    model = TargetName
    extra = 0


class TargetExtraInline(admin.TabularInline):
    model = TargetExtra
    extra = 0
    fields = ("key", "value")


@admin.register(Target)
class TargetAdmin(admin.ModelAdmin):
    list_display = ("name", "type", "ra", "dec", "permissions", "created")
    list_filter = ("type", "permissions")
    search_fields = ("name",)
    date_hierarchy = "created"
    show_full_result_count = False
    inlines = (TargetNameInline, TargetExtraInline)


@admin.register(TargetList)
class TargetListAdmin(admin.ModelAdmin):
    list_display = ("name", "created", "modified")
    search_fields = ("name",)
    raw_id_fields = ("targets",)


@admin.register(TrashedTarget)
class TrashedTargetAdmin(admin.ModelAdmin):
    """What was deleted; it is restored on the page of the trash, and only looked at here."""

    list_display = ("name", "deleted_by", "deleted_at", "row_count")
    exclude = ("content",)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False
