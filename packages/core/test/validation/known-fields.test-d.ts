import { expectTypeOf, test } from 'vitest'
import type { Capability, RuntimeHost } from '../../src/index.js'
import type { ContractArguments, ObjectsIn } from '../../src/validation/known-fields.js'

type Exports = typeof import('../../src/index.js')
type Managers = { [K in keyof Exports]: Exports[K] extends Capability<infer T> ? T : never }[keyof Exports]

type ArgumentsOf<M> = M extends unknown
  ? { [K in keyof M]: M[K] extends (...parameters: infer P) => unknown ? P[number] : never }[keyof M]
  : never

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Whether a type, or a member of a union, is one of `ContractArguments`. */
type IsListed<A, All = ContractArguments[keyof ContractArguments]> = true extends (
  All extends unknown
    ? Equals<A, All>
    : never
)
  ? true
  : false

type Unlisted<A> = A extends unknown ? (keyof A extends 'signal' ? never : IsListed<A> extends true ? never : A) : never

test('all arguments with fields of all methods of the contract are checked for unknown fields', () => {
  expectTypeOf<Unlisted<ObjectsIn<ArgumentsOf<Managers | RuntimeHost>>>>().toEqualTypeOf<never>()
})

test('an argument that is not listed is found', () => {
  expectTypeOf<Unlisted<{ readonly other: string }>>().toEqualTypeOf<{ readonly other: string }>()
  type Known = ObjectsIn<ArgumentsOf<Managers | RuntimeHost>>
  expectTypeOf<Extract<Known, { readonly image: string }>>().not.toEqualTypeOf<never>()
})

test('maps, streams and texts have no fields', () => {
  expectTypeOf<ObjectsIn<ContractArguments['ContainerConfig']['labels' | 'env' | 'command']>>().toEqualTypeOf<never>()
  expectTypeOf<ObjectsIn<ContractArguments['AttachOptions']['stdin' | 'stdout' | 'signal']>>().toEqualTypeOf<never>()
})
