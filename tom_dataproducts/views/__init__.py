"""Views of tom_dataproducts; these names are public."""

from tom_dataproducts.views.files import (
    DataProductDeleteView,
    DataProductFeatureView,
    DataProductListView,
    download,
    image,
)
from tom_dataproducts.views.finder import finder_image
from tom_dataproducts.views.groups import (
    DataProductGroupCreateView,
    DataProductGroupDataView,
    DataProductGroupDeleteView,
    DataProductGroupDetailView,
    DataProductGroupListView,
)
from tom_dataproducts.views.photometry import PhotometryTableView, photometry_csv, photometry_json
from tom_dataproducts.views.sharing import DataShareView, ShareReportView

__all__ = [
    "DataProductDeleteView",
    "DataProductFeatureView",
    "DataProductGroupCreateView",
    "DataProductGroupDataView",
    "DataProductGroupDeleteView",
    "DataProductGroupDetailView",
    "DataProductGroupListView",
    "DataProductListView",
    "DataShareView",
    "PhotometryTableView",
    "ShareReportView",
    "download",
    "finder_image",
    "image",
    "photometry_csv",
    "photometry_json",
]
