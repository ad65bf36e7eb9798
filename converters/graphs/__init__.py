"""TensorFlow graphs: reading TF.js, rewriting what TFLite cannot take, writing SavedModels."""
