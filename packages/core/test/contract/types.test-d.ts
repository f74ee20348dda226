import { describe, expectTypeOf, it } from 'vitest'
import {
  type BuildService,
  type Capability,
  type ContainerConfig,
  type ExecManager,
  execManagerCapability,
  type FirewallManager,
  findCapability,
  type HostError,
  type ImageBuilder,
  type ImageManager,
  type ImageTransfer,
  isHostError,
  type NetworkManager,
  networkManagerCapability,
  type OptionName,
  type Runtime,
  type RuntimeScope,
  requireCapabilities,
  runtimeCapability,
  type SidecarManager,
  sidecarManagerCapability,
  type VolumeManager,
} from '../../src/index.js'
import {
  type CapabilityScope,
  checkOption,
  createHostError,
  defineCapability,
  type RegistrationScope,
} from '../../src/plugin.js'

declare const scope: RuntimeScope
declare const registration: RegistrationScope
declare const networks: NetworkManager
declare const sidecars: SidecarManager

describe('a capability', () => {
  it('has the interface of its manager as its type', () => {
    expectTypeOf(findCapability(scope, networkManagerCapability)).toEqualTypeOf<NetworkManager | undefined>()
    const found = requireCapabilities(scope, { networks: networkManagerCapability, sidecars: sidecarManagerCapability })
    expectTypeOf(found.networks).toEqualTypeOf<NetworkManager>()
    expectTypeOf(found.sidecars).toEqualTypeOf<SidecarManager>()
  })

  it('can have an interface of a third party', () => {
    interface Checkpoints {
      checkpoint(id: string): Promise<string>
    }
    const capability: Capability<Checkpoints> = defineCapability({
      id: 'example.com/checkpoints',
      title: 'checkpoints',
    })
    expectTypeOf(findCapability(scope, capability)).toEqualTypeOf<Checkpoints | undefined>()
  })

  it('does not compile in place of another capability', () => {
    // @ts-expect-error the token of networks does not name sidecars
    const wrong: Capability<SidecarManager> = networkManagerCapability
    // @ts-expect-error a text is no token
    findCapability(scope, 'network-manager')
    return wrong
  })
})

describe('an option', () => {
  const live = 'example.com/checkpoints.live'
  const capability: Capability<object, typeof live> = defineCapability({
    id: 'example.com/checkpoints',
    title: 'checkpoints',
    options: { [live]: 'a checkpoint of a running container' },
  })
  const refused = { runtime: 'fake', unsupportedOptions: [] }

  it('must belong to the capability that checkOption is called with', () => {
    checkOption(capability, live, true, refused)
    checkOption(execManagerCapability, 'exec.env.unset', 'PATH', refused)
    // @ts-expect-error no such field of the capability
    checkOption(capability, 'example.com/checkpoints.dead', true, refused)
    // @ts-expect-error a field of another capability
    checkOption(execManagerCapability, 'build.dns', true, refused)
    // @ts-expect-error a capability without options
    checkOption(networkManagerCapability, 'network.aliases', true, refused)
  })

  it('is a field of a built-in capability, or begins with the id of the capability of a third party', () => {
    expectTypeOf<typeof live>().toExtend<OptionName>()
    expectTypeOf<
      Exclude<keyof ContainerConfig, 'image'> | 'build.dns' | 'firewall.beforeStart'
    >().toExtend<OptionName>()
    // @ts-expect-error no capability declares it
    const unknown: OptionName = 'ports.sctp'
    // @ts-expect-error the image cannot be refused
    const image: OptionName = 'image'
    // @ts-expect-error a capability is absent as a whole
    const whole: OptionName = 'example.com/checkpoints'
    return [unknown, image, whole]
  })

  it('must have a description', () => {
    // @ts-expect-error one line is missing
    const short: Capability<object, 'a/b.c' | 'a/b.d'> = defineCapability({
      id: 'a/b',
      title: 'b',
      options: { 'a/b.c': 'c' },
    })
    return short
  })

  it('need not be part of the type of a capability', () => {
    const any: readonly Capability<object>[] = [capability, execManagerCapability, networkManagerCapability]
    return any
  })
})

describe('an implementation', () => {
  it('does not compile if it has another interface', () => {
    registration.provide(networkManagerCapability, networks)
    // @ts-expect-error sidecars are no networks
    registration.provide(networkManagerCapability, sidecars)
    // @ts-expect-error a method is missing
    registration.provide(networkManagerCapability, { createNetwork: networks.createNetwork })
    // @ts-expect-error nothing is no implementation
    registration.provide(networkManagerCapability, undefined)
  })

  it('does not compile if a method returns another type', () => {
    const wrong = { ...networks, createNetwork: async () => 42 }
    // @ts-expect-error createNetwork resolves with a text
    registration.provide(networkManagerCapability, wrong)
    const runtime = {} as Omit<Runtime, 'close'>
    // @ts-expect-error a runtime that cannot be closed
    registration.provide(runtimeCapability, runtime)
  })

  it('cannot be registered in a CapabilityScope', () => {
    const asking: CapabilityScope = scope
    // @ts-expect-error has no method `provide`
    asking.provide(networkManagerCapability, networks)
  })
})

describe('a registration scope', () => {
  it('has no container', () => {
    // @ts-expect-error only the host registers in the container
    const asking: CapabilityScope = registration
    return asking
  })
})

describe('an optional manager', () => {
  it('cannot be used without a check', async () => {
    const found = findCapability(scope, networkManagerCapability)
    // @ts-expect-error it may be undefined
    await found.createNetwork('n')
    if (found !== undefined) await found.createNetwork('n')
  })
})

describe('an error', () => {
  it('has the facts of its code', () => {
    const error: unknown = createHostError('IN_USE', { subject: 'network n', users: ['c'] })
    if (isHostError(error, 'IN_USE')) expectTypeOf(error.facts.users).toEqualTypeOf<readonly string[]>()
    if (isHostError(error) && error.code === 'IMAGE_NOT_FOUND') expectTypeOf(error.facts.image).toEqualTypeOf<string>()
    expectTypeOf(createHostError('IMAGE_NOT_FOUND', { image: 'x' })).toEqualTypeOf<HostError<'IMAGE_NOT_FOUND'>>()
  })

  it('does not compile with the facts of another code', () => {
    // @ts-expect-error an image is asked for
    createHostError('IMAGE_NOT_FOUND', { id: 'x' })
    // @ts-expect-error there is no such code
    createHostError('OOPS', {})
  })
})

describe('an option', () => {
  it('is not the name of a method, and does not begin with one', () => {
    expectTypeOf<Extract<OptionName, AnyMethod>>().toEqualTypeOf<never>()
    // `exec` is also the word for the capability, and an option of it can be refused.
    type Refused = Exclude<OptionName, 'exec.env.unset'>
    expectTypeOf<Extract<Refused, `${AnyMethod}.${string}`>>().toEqualTypeOf<never>()
  })
})

type AnyMethod =
  | MethodName<Runtime>
  | MethodName<ImageBuilder>
  | MethodName<BuildService>
  | MethodName<FirewallManager>
  | MethodName<NetworkManager>
  | MethodName<SidecarManager>
  | MethodName<ExecManager>
  | MethodName<VolumeManager>
  | MethodName<ImageTransfer>
  | MethodName<ImageManager>

type MethodName<T> = {
  [K in keyof T]: T[K] extends (...parameters: never[]) => unknown ? K : never
}[keyof T] &
  string
