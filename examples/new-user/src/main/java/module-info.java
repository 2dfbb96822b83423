// SPDX-License-Identifier: Apache-2.0
/** Only for the module path; on the class path this file is not needed. */
module hello {
  requires io.github.megabert.core;
  requires io.github.megabert.demo;
}
