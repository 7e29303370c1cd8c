"""Post-training quantisation: scales from calibration data, and a report of their cost."""

from farrier.calibration.quantize_module import quantization_report, quantize_module
from farrier.calibration.report import QuantizationReport, QuantizationRow

__all__ = ["QuantizationReport", "QuantizationRow", "quantization_report", "quantize_module"]
