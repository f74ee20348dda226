import { describe, expectTypeOf, it } from 'vitest'
import {
  type Capability,
  defineNeeds,
  execManagerCapability,
  type ImageTransfer,
  imageTransferCapability,
  type NetworkManager,
  networkManagerCapability,
  type Runtime,
  type RuntimeHost,
  type RuntimeReport,
  type RuntimeScope,
  requireCapabilities,
  type SidecarManager,
  sidecarManagerCapability,
} from '../../src/index.js'
import {
  type Environment,
  type InjectedManagers,
  injectable,
  type Needs,
  type RequiredManagers,
  requireManagers,
  runtimeReportCapability,
} from '../../src/plugin.js'

declare const scope: RuntimeScope
declare const host: RuntimeHost

const needs = defineNeeds({
  required: { networks: networkManagerCapability, sidecars: sidecarManagerCapability },
  optional: { images: imageTransferCapability },
})
type Injected = InjectedManagers<typeof needs>

describe('declared needs', () => {
  it('infer the type of each manager', () => {
    expectTypeOf(needs.required.networks).toEqualTypeOf<Capability<NetworkManager>>()
    expectTypeOf(needs.optional.images).toEqualTypeOf<Capability<ImageTransfer>>()
    expectTypeOf(needs).toExtend<Needs>()
    const none = defineNeeds({})
    expectTypeOf<keyof InjectedManagers<typeof none>>().toEqualTypeOf<'runtime' | 'report' | 'env'>()
  })

  it('can be annotated, by an interface too', () => {
    interface Required {
      readonly networks: NetworkManager
    }
    const annotated: Needs<Required, { images: ImageTransfer }> = defineNeeds({
      required: { networks: networkManagerCapability },
      optional: { images: imageTransferCapability },
    })
    expectTypeOf<InjectedManagers<typeof annotated>['networks']>().toEqualTypeOf<NetworkManager | undefined>()
    // @ts-expect-error sidecars are no networks
    const wrong: Needs<Required> = defineNeeds({ required: { networks: sidecarManagerCapability } })
    return wrong
  })

  it('do not compile with a value that is not a capability, a duplicate name, or a name of FeatureContext', () => {
    // @ts-expect-error an id is no capability
    defineNeeds({ required: { networks: 'network-manager' } })
    // @ts-expect-error both required and optional
    defineNeeds({ required: { images: imageTransferCapability }, optional: { images: imageTransferCapability } })
    // @ts-expect-error `report` is the report of the runtime
    defineNeeds({ required: { report: networkManagerCapability } })
    defineNeeds({ required: { report: runtimeReportCapability } })
  })

  it('are accepted by requireCapabilities and open', () => {
    expectTypeOf(requireCapabilities(scope, needs.required).sidecars).toEqualTypeOf<SidecarManager>()
    void host.open({ requires: needs.required })
  })
})

describe('the parameter of a feature', () => {
  it('has each manager or undefined, and always the runtime, the report and the environment', () => {
    expectTypeOf<Injected['networks']>().toEqualTypeOf<NetworkManager | undefined>()
    expectTypeOf<Injected['sidecars']>().toEqualTypeOf<SidecarManager | undefined>()
    expectTypeOf<Injected['images']>().toEqualTypeOf<ImageTransfer | undefined>()
    expectTypeOf<Injected['runtime']>().toEqualTypeOf<Runtime>()
    expectTypeOf<Injected['report']>().toEqualTypeOf<RuntimeReport>()
    expectTypeOf<Injected['env']>().toEqualTypeOf<Environment>()
  })

  it('has the required managers after requireManagers', () => {
    const narrow = (injected: Injected) => requireManagers('Tunnel', needs, injected)
    expectTypeOf<ReturnType<typeof narrow>['networks']>().toEqualTypeOf<NetworkManager>()
    expectTypeOf<ReturnType<typeof narrow>['images']>().toEqualTypeOf<ImageTransfer | undefined>()
    expectTypeOf<ReturnType<typeof narrow>>().toExtend<RequiredManagers<typeof needs>>()
    const other = { required: { execs: execManagerCapability } }
    // @ts-expect-error execs were not injected
    const wrong = (injected: Injected) => requireManagers('Tunnel', other, injected)
    return wrong
  })
})

describe('injectable', () => {
  const mark = injectable(needs)

  it('accepts a class whose constructor takes the managers or some of them', () => {
    mark(
      class {
        static readonly needs = needs
        constructor(managers: Injected) {
          void managers
        }
      },
    )
    mark(
      class {
        static readonly needs = needs
        constructor({ networks }: { networks: NetworkManager | undefined }) {
          void networks
        }
      },
    )
  })

  it('does not compile with a constructor that takes another manager or requires one to be present', () => {
    class Wrong {
      static readonly needs = needs
      constructor({ networks }: { networks: SidecarManager | undefined }) {
        void networks
      }
    }
    // @ts-expect-error networks are no sidecars
    mark(Wrong)
    class Present {
      static readonly needs = needs
      constructor({ networks }: { networks: NetworkManager }) {
        void networks
      }
    }
    // @ts-expect-error the manager may be undefined
    mark(Present)
    class Undeclared {
      static readonly needs = needs
      constructor({ volumes }: { volumes: object | undefined }) {
        void volumes
      }
    }
    // @ts-expect-error volumes are not among the needs
    mark(Undeclared)
  })

  it('does not compile with a constructor without parameters or with more than one', () => {
    class None {
      static readonly needs = needs
      readonly managers: Injected | undefined
    }
    // @ts-expect-error takes no managers
    mark(None)
    class Two {
      static readonly needs = needs
      constructor(managers: Injected, networks?: NetworkManager) {
        void managers
        void networks
      }
    }
    // @ts-expect-error takes a second parameter
    mark(Two)
  })

  it('does not compile with a class without these needs', () => {
    class Without {
      constructor(managers: Injected) {
        void managers
      }
    }
    // @ts-expect-error has no static `needs`
    mark(Without)
    class Other {
      static readonly needs = defineNeeds({ required: { networks: networkManagerCapability } })
      constructor(managers: Injected) {
        void managers
      }
    }
    // @ts-expect-error has other needs
    mark(Other)
  })
})
