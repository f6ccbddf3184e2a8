// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the marks are drawn on: a photograph, a plain canvas, or a part of either.
#ifndef PROPNP_APPS_OVERLAY_CANVAS_H_
#define PROPNP_APPS_OVERLAY_CANVAS_H_

#include <array>
#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "apps/propnp/overlay.h"

namespace propnp::app {

// The first photograph of that name that can be read, in colour; empty if there is none.
cv::Mat LoadPhoto(const std::string& image, const std::vector<std::string>& folders);

// The camera's size, the photograph's, or that of the points. A photograph at another size than the
// camera's (thumbnails beside a model) is brought to it, one with another shape cannot belong to
// it.
void SetCanvas(const cv::Mat& photo, const std::array<int32_t, 2>& size_px,
               OverlayPicture* picture);

// The part of a picture of `size` that shows what lies in `box`, with some space around it: all of
// it unless the box is small.
cv::Rect ZoomWindow(const cv::Rect2d& box, const cv::Size& size);

// Cuts the picture to a window.
void CutTo(const cv::Rect& window, OverlayPicture* picture);

}  // namespace propnp::app

#endif  // PROPNP_APPS_OVERLAY_CANVAS_H_
