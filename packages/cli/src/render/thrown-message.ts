/** What a thrown value says, in one text: its message, where it is an error. */
export function toMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
