import { describe, expectTypeOf, it } from 'vitest'
import {
  type Capability,
  type CapabilityScope,
  createHostError,
  defineCapability,
  type ExecManager,
  type FirewallManager,
  findCapability,
  type HostError,
  type ImageBuilder,
  type ImageTransfer,
  isHostError,
  type NetworkManager,
  networkManagerCapability,
  provide,
  type RefusableField,
  type RegistrationScope,
  type Runtime,
  type RuntimeScope,
  requireCapabilities,
  runtimeCapability,
  type SidecarManager,
  sidecarManagerCapability,
  type VolumeManager,
} from '../src/index.js'

declare const scope: RuntimeScope
declare const registration: RegistrationScope
declare const networks: NetworkManager
declare const sidecars: SidecarManager

describe('a capability', () => {
  it('leads to the interface of its manager', () => {
    expectTypeOf(findCapability(scope, networkManagerCapability)).toEqualTypeOf<NetworkManager | undefined>()
    const found = requireCapabilities(scope, { networks: networkManagerCapability, sidecars: sidecarManagerCapability })
    expectTypeOf(found.networks).toEqualTypeOf<NetworkManager>()
    expectTypeOf(found.sidecars).toEqualTypeOf<SidecarManager>()
  })

  it('can be of a third party, with an interface of its own', () => {
    interface Checkpoints {
      checkpoint(id: string): Promise<string>
    }
    const capability: Capability<Checkpoints> = defineCapability({
      id: 'example.com/checkpoints',
      title: 'checkpoints',
    })
    expectTypeOf(findCapability(scope, capability)).toEqualTypeOf<Checkpoints | undefined>()
  })

  it('is refused where another is meant', () => {
    // @ts-expect-error the token of networks does not name sidecars
    const wrong: Capability<SidecarManager> = networkManagerCapability
    // @ts-expect-error a text is no token
    findCapability(scope, 'network-manager')
    return wrong
  })
})

describe('an implementation', () => {
  it('is refused when it is of another interface', () => {
    provide(registration, networkManagerCapability, networks)
    // @ts-expect-error sidecars are no networks
    provide(registration, networkManagerCapability, sidecars)
    // @ts-expect-error a method is missing
    provide(registration, networkManagerCapability, { createNetwork: networks.createNetwork })
    // @ts-expect-error nothing is no implementation
    provide(registration, networkManagerCapability, undefined)
  })

  it('is refused when a method answers with something else', () => {
    const wrong = { ...networks, createNetwork: async () => 42 }
    // @ts-expect-error createNetwork resolves with a text
    provide(registration, networkManagerCapability, wrong)
    const runtime = {} as Omit<Runtime, 'close'>
    // @ts-expect-error a runtime that cannot be closed
    provide(registration, runtimeCapability, runtime)
  })

  it('cannot be registered in a scope that is only for asking', () => {
    const asking: CapabilityScope = scope
    // @ts-expect-error has no owner labels
    provide(asking, networkManagerCapability, networks)
  })
})

describe('an optional manager', () => {
  it('cannot be used unchecked', async () => {
    const found = findCapability(scope, networkManagerCapability)
    // @ts-expect-error it may be undefined
    await found.createNetwork('n')
    if (found !== undefined) await found.createNetwork('n')
  })
})

describe('an error', () => {
  it('has facts by its code', () => {
    const error: unknown = createHostError('IN_USE', { subject: 'network n', users: ['c'] })
    if (isHostError(error, 'IN_USE')) expectTypeOf(error.facts.users).toEqualTypeOf<readonly string[]>()
    if (isHostError(error) && error.code === 'IMAGE_NOT_FOUND') expectTypeOf(error.facts.image).toEqualTypeOf<string>()
    expectTypeOf(createHostError('IMAGE_NOT_FOUND', { image: 'x' })).toEqualTypeOf<HostError<'IMAGE_NOT_FOUND'>>()
  })

  it('is refused with the facts of another code', () => {
    // @ts-expect-error an image is asked for
    createHostError('IMAGE_NOT_FOUND', { id: 'x' })
    // @ts-expect-error there is no such code
    createHostError('OOPS', {})
  })
})

describe('a refusable field', () => {
  it('is not the name of a method, and does not begin with one', () => {
    expectTypeOf<Extract<RefusableField, AnyMethod>>().toEqualTypeOf<never>()
    // `exec` is also the word for the capability, and an option of it can be refused.
    type Refused = Exclude<RefusableField, 'exec.env.unset'>
    expectTypeOf<Extract<Refused, `${AnyMethod}.${string}`>>().toEqualTypeOf<never>()
  })
})

type AnyMethod =
  | MethodName<Runtime>
  | MethodName<ImageBuilder>
  | MethodName<FirewallManager>
  | MethodName<NetworkManager>
  | MethodName<SidecarManager>
  | MethodName<ExecManager>
  | MethodName<VolumeManager>
  | MethodName<ImageTransfer>

type MethodName<T> = {
  [K in keyof T]: T[K] extends (...parameters: never[]) => unknown ? K : never
}[keyof T] &
  string
