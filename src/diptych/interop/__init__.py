"""Other people's formats: networks in ONNX, properties in VNN-LIB."""
