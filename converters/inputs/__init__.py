"""Pictures and arrays that a conversion calibrates on, is proven on and is validated on."""
