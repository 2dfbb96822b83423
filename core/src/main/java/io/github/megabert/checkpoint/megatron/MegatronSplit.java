package io.github.megabert.checkpoint.megatron;

/** How Megatron-LM's tensor parallelism divides a parameter among ranks. */
enum MegatronSplit {
  /** Every rank has all of it. */
  WHOLE,
  /** A column-parallel layer: the output rows are divided. */
  ROWS,
  /** A row-parallel layer: the input columns are divided. */
  COLUMNS,
  /** Rows are divided, and the last rank's last rows are padding. */
  VOCABULARY,
  /** Heads are divided; each rank has its heads' queries, keys and values in one matrix. */
  QUERY_KEY_VALUE
}
