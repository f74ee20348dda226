import { type HostErrorCode, isHostError } from '@capstan/core'

/** Settles as `work` does, but resolves with `undefined` for a HostError that has one of the codes. */
export async function ignoreErrors<T>(codes: readonly HostErrorCode[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (codes.some((code) => isHostError(error, code))) return undefined
    throw error
  }
}
