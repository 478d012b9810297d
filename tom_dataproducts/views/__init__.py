"""Views of tom_dataproducts; these names are public."""

from tom_dataproducts.views.bulk_files import BulkDeleteView, BulkDownloadView, GroupRemoveView
from tom_dataproducts.views.data_services import (
    DataServiceKeyView,
    DataServiceListView,
    ServiceQueryCancelView,
    ServiceQueryListView,
    ServiceQueryRetryView,
    ServiceQueryStatusView,
    ServiceQueryView,
    SingleTargetDataServiceQueryView,
)
from tom_dataproducts.views.downloads import download, sent_file
from tom_dataproducts.views.files import (
    DataProductDeleteView,
    DataProductFeatureView,
    DataProductListView,
    image,
)
from tom_dataproducts.views.finder import finder_image
from tom_dataproducts.views.fits import (
    FitsPageView,
    FitsReadAgainView,
    fits_picture,
    fits_preview,
    fits_tile,
    fits_view,
    thumbnail,
)
from tom_dataproducts.views.groups import (
    DataProductGroupCreateView,
    DataProductGroupDataView,
    DataProductGroupDeleteView,
    DataProductGroupDetailView,
    DataProductGroupListView,
)
from tom_dataproducts.views.photometry import PhotometryTableView, photometry_csv, photometry_json
from tom_dataproducts.views.processing import DataProductProcessView, DataProductReportView
from tom_dataproducts.views.products import DataProductDetailView
from tom_dataproducts.views.sharing import DataShareView, ShareReportView
from tom_dataproducts.views.spectra import SpectrumPageView, spectra
from tom_dataproducts.views.uploads import DataProductUploadView, DataUploadListView

__all__ = [
    "BulkDeleteView",
    "BulkDownloadView",
    "GroupRemoveView",
    "DataProductDeleteView",
    "DataProductDetailView",
    "DataProductFeatureView",
    "DataProductGroupCreateView",
    "DataProductGroupDataView",
    "DataProductGroupDeleteView",
    "DataProductGroupDetailView",
    "DataProductGroupListView",
    "DataProductListView",
    "DataProductProcessView",
    "DataProductReportView",
    "DataProductUploadView",
    "DataServiceKeyView",
    "DataServiceListView",
    "DataShareView",
    "DataUploadListView",
    "FitsPageView",
    "FitsReadAgainView",
    "PhotometryTableView",
    "ServiceQueryCancelView",
    "ServiceQueryListView",
    "ServiceQueryRetryView",
    "ServiceQueryStatusView",
    "ServiceQueryView",
    "ShareReportView",
    "SpectrumPageView",
    "SingleTargetDataServiceQueryView",
    "download",
    "sent_file",
    "finder_image",
    "fits_picture",
    "fits_preview",
    "fits_tile",
    "fits_view",
    "image",
    "photometry_csv",
    "photometry_json",
    "spectra",
    "thumbnail",
]
