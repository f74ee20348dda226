import { type HostError, type HostErrorCode, isHostError } from '@capstan/core'
import type { HostErrorFacts } from '@capstan/core/plugin'
import { ConformanceFailure } from '../conformance-failure.js'
import { show } from './expect.js'

/** Fails unless the call rejects with a HostError of this code whose facts contain the values of `facts`. */
export async function expectHostError<C extends HostErrorCode>(
  code: C,
  call: () => PromiseLike<unknown>,
  facts: Partial<HostErrorFacts[C]> = {},
): Promise<HostError<C>> {
  const error = await catchFrom(call, `a rejection with ${code}`)
  if (!isHostError(error, code)) throw new ConformanceFailure(`a HostError ${code}`, toText(error), { cause: error })
  for (const [name, wanted] of Object.entries(facts)) expectFact(error, name, wanted)
  if (error.message.trim() === '') throw new ConformanceFailure(`a HostError ${code} with a message`, 'none')
  return error
}

/** Fails unless the call rejects with a HostError of one of these codes, or of any code when none is given. */
export async function expectAnyHostError(
  call: () => PromiseLike<unknown>,
  codes: readonly HostErrorCode[] = [],
): Promise<HostError> {
  const wanted = codes.length === 0 ? 'a HostError' : `a HostError ${codes.join(' or ')}`
  const error = await catchFrom(call, `a rejection with ${wanted}`)
  if (!isHostError(error) || (codes.length > 0 && !codes.includes(error.code))) {
    throw new ConformanceFailure(wanted, toText(error), { cause: error })
  }
  return error
}

/** Resolves with `undefined` when the error is a HostError EXIT_CODE_UNKNOWN. Fails for other errors. */
export async function expectUnknownExitCode(error: unknown): Promise<undefined> {
  await expectHostError('EXIT_CODE_UNKNOWN', () => Promise.reject(error))
  return undefined
}

/** Fails unless the call rejects with `reason` itself. */
export async function expectReason(reason: unknown, call: () => PromiseLike<unknown>): Promise<void> {
  const error = await catchFrom(call, 'a rejection with the reason of the signal')
  if (error !== reason) {
    throw new ConformanceFailure('a rejection with the reason of the signal itself', toText(error), { cause: error })
  }
}

/** Resolves with the rejection of the call. Fails when the call throws synchronously or resolves. */
async function catchFrom(call: () => PromiseLike<unknown>, expected: string): Promise<unknown> {
  let result: unknown
  const promise = start(call)
  try {
    result = await promise
  } catch (error) {
    return error
  }
  throw new ConformanceFailure(expected, `it resolves with ${show(result)}`)
}

function start(call: () => PromiseLike<unknown>): PromiseLike<unknown> {
  try {
    return call()
  } catch (error) {
    throw new ConformanceFailure('a promise that rejects', `the call itself throws ${toText(error)}`, { cause: error })
  }
}

function expectFact(error: HostError, name: string, wanted: unknown): void {
  const seen: unknown = Reflect.get(error.facts, name)
  if (show(seen) === show(wanted)) return
  throw new ConformanceFailure(`${error.code} whose facts have ${name} ${show(wanted)}`, `${name} ${show(seen)}`)
}

function toText(error: unknown): string {
  return isHostError(error) ? `HostError ${error.code}: ${error.message}` : show(error)
}
