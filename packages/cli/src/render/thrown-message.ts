import { redactUrls } from '@capstan/core'

/** What a thrown value says, in one text: its message, where it is an error. Passwords in addresses are replaced. */
export function toMessage(thrown: unknown): string {
  return redactUrls(thrown instanceof Error ? thrown.message : String(thrown))
}
