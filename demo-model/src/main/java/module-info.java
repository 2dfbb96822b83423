// SPDX-License-Identifier: Apache-2.0
// The small pre-trained MegatronBERT that is used when no model is named: resources only.
open module io.github.megabert.demo {}
