"""Augmentation: pictures that change at random while a net trains, as layers of Keras.

`presets.augment` gives a whole chain by name, `presets.make` one layer, `batches.Augmenter` a
function for a training loop, `contact_sheet` shows what the net will see. Every layer

- takes (H, W, C) or (batch, H, W, C) of pixel values 0..255, any type, and gives the same shape and
  range in float32;
- changes each picture in its own way, in training only: in inference it passes pixels on;
- is seeded, is saved with the model, and works in the model as well as in ``tf.data`` (there our
  own layers need the TensorFlow backend; those of Keras work with every backend).

Where a layer of Keras 3.15 does the job, it is used: RandomFlip, RandomHue and RandomErasing
(cutout). Ours are those that Keras lacks or that do not hold the
promises above on pixels 0..255, as measured with Keras 3.15.1:

- RandomRotation, RandomTranslation, RandomZoom and RandomShear resample the picture once each,
  which blurs small pictures; `affine.RandomAffine` does all of it in one go.
- RandomCrop cuts all pictures of a batch at one place and changes their size.
- RandomBrightness wraps uint8 pixels around, and RandomContrast fails on them.
- RandomSaturation leaves the range: values down to -1,720 were seen.
- GaussianNoise takes deviations up to 1 and does not clip; salt and pepper is missing.
- RandAugment applies one operation to the whole batch and turns pictures by up to 180 degrees.
- MixUp asks for int64, of which JAX warns at each batch.
- CutMix weighs labels by the area of a box with fractional sides, which on pictures of 8 x 8 pixels
  was up to 0.23 away from the pixels that were really pasted.
"""
