"""Rows of tom_dataproducts in Django's admin."""

from django.contrib import admin

from tom_dataproducts import services
from tom_dataproducts.models import (
    AstrometryReducedDatum,
    DataProduct,
    DataProductGroup,
    LightCurveSummary,
    PhotometryReducedDatum,
    ReducedDatum,
    SpectroscopyReducedDatum,
    TrashedFile,
)


class LargeTableAdmin(admin.ModelAdmin):
    """For tables of millions of rows: no exact counts, no drop-down of all targets."""

    show_full_result_count = False
    list_per_page = 50
    list_select_related = ("target",)
    search_fields = ("=target__name",)
    raw_id_fields = ("target", "data_product")
    list_filter = ("source_name",)


class LookOnlyAdmin(admin.ModelAdmin):
    """For rows that the program makes and takes away by itself."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(ReducedDatum)
class ReducedDatumAdmin(LargeTableAdmin):
    list_display = ("target", "data_type", "timestamp", "source_name")
    raw_id_fields = ("target", "data_product", "message")


@admin.register(PhotometryReducedDatum)
class PhotometryReducedDatumAdmin(LargeTableAdmin):
    list_display = (
        "target",
        "timestamp",
        "bandpass",
        "brightness",
        "brightness_error",
        "limit",
        "unit",
        "source_name",
    )


@admin.register(SpectroscopyReducedDatum)
class SpectroscopyReducedDatumAdmin(LargeTableAdmin):
    list_display = ("target", "timestamp", "telescope", "instrument", "source_name")


@admin.register(AstrometryReducedDatum)
class AstrometryReducedDatumAdmin(LargeTableAdmin):
    list_display = ("target", "timestamp", "ra", "dec", "source_name")


@admin.register(DataProduct)
class DataProductAdmin(admin.ModelAdmin):
    show_full_result_count = False
    list_display = ("__str__", "target", "data_product_type", "created", "featured")
    list_select_related = ("target",)
    list_filter = ("data_product_type", "featured")
    search_fields = ("=target__name", "=product_id")
    raw_id_fields = ("target", "observation_record")

    def delete_model(self, request, obj):
        services.delete_data_product(obj, user=request.user)

    def delete_queryset(self, request, queryset):
        for product in queryset:
            services.delete_data_product(product, user=request.user)


@admin.register(TrashedFile)
class TrashedFileAdmin(LookOnlyAdmin):
    """To look at what takes room in the storage: the way back is the history of the target."""

    show_full_result_count = False
    list_display = ("__str__", "target_pk", "deleted_by", "row_count")
    list_select_related = ("deleted_by",)
    search_fields = ("=target_pk", "=product_id")
    fields = ("product_pk", "target_pk", "product_id", "deleted_by", "row_count")

    def get_queryset(self, request):
        return super().get_queryset(request).defer("content")


@admin.register(DataProductGroup)
class DataProductGroupAdmin(admin.ModelAdmin):
    list_display = ("name", "created")
    search_fields = ("name",)


@admin.register(LightCurveSummary)
class LightCurveSummaryAdmin(LookOnlyAdmin):
    """To look at: the rows are computed."""

    show_full_result_count = False
    list_display = ("target", "detection_count", "last_detection", "last_mag", "last_band", "is_stale")
    list_select_related = ("target",)
    list_filter = ("is_stale",)
    search_fields = ("=target__name",)
