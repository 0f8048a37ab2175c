/** A prior as it is kept in the source. */
export interface PackedPrior {
  /** As `PriorId`. */
  readonly id: number;
  /** Length of the prior's bytes. */
  readonly bytes: number;
  /** Raw DEFLATE of them, in base64. */
  readonly packed: string;
}
