// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.mpi;

import java.lang.foreign.SymbolLookup;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What differs between the binary interfaces of MPI's implementations: how handles are passed, and
 * the values of constants.
 *
 * @param handleIsInt whether a handle is a 32-bit number; else it is as wide as a pointer
 * @param world {@code MPI_COMM_WORLD}
 * @param bytes {@code MPI_BYTE}
 * @param errorsReturn {@code MPI_ERRORS_RETURN}
 * @param inPlace {@code MPI_IN_PLACE}
 * @param threadMultiple {@code MPI_THREAD_MULTIPLE}
 */
record MpiAbi(
    boolean handleIsInt,
    long world,
    long bytes,
    long errorsReturn,
    long inPlace,
    int threadMultiple) {
  /** The standard interface of MPI 5.0, chapter 20 ({@code libmpi_abi}). */
  private static final MpiAbi STANDARD = new MpiAbi(false, 0x101, 0x247, 0x143, 1, 4096);

  /** MPICH's since version 3.1, and that of its kin: Intel MPI, MVAPICH, Cray MPICH. */
  private static final MpiAbi MPICH = new MpiAbi(true, 0x44000000, 0x4c00010d, 0x54000001, -1, 3);

  /**
   * The interface of a library.
   *
   * @param version what {@code MPI_Get_library_version} says
   * @return null if it is none of those known
   */
  static @Nullable MpiAbi of(String file, SymbolLookup library, String version) {
    if (library.find("ompi_mpi_comm_world").isPresent()) {
      return new MpiAbi(
          false,
          address(library, "ompi_mpi_comm_world"),
          address(library, "ompi_mpi_byte"),
          address(library, "ompi_mpi_errors_return"),
          1,
          3);
    }
    if (file.contains("mpi_abi")) {
      return STANDARD;
    }
    return Stream.of("MPICH", "Intel(R) MPI", "MVAPICH").anyMatch(version::contains) ? MPICH : null;
  }

  private static long address(SymbolLookup library, String name) {
    return library.findOrThrow(name).address();
  }
}
