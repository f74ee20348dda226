import type { NetworkJoin, StringMap } from '@capstan/core/plugin'

/**
 * The requests with a short JSON answer. Requests for one object are implemented by dockerode's classes, list and create
 * requests by `load-dockerode.ts`.
 *
 * The types of answers have only the fields that are read. A field that some engine omits is optional.
 */
export interface DockerApi {
  createContainer(options: SplitOptions): Promise<{ readonly id: string }>
  listContainers(options?: object): Promise<readonly ListedContainer[]>
  getContainer(id: string): ContainerApi
  createNetwork(options: object): Promise<{ readonly id: string }>
  listNetworks(options?: object): Promise<readonly InspectedNetwork[]>
  getNetwork(id: string): NetworkApi
  createVolume(options: object): Promise<unknown>
  listVolumes(options?: object): Promise<{ readonly Volumes?: readonly InspectedVolume[] | null }>
  getVolume(name: string): VolumeApi
  listImages(options?: object): Promise<readonly ListedImage[]>
  getImage(reference: string): ImageApi
  getExec(id: string): ExecApi
}

/** Options split into query and body. Without the split dockerode puts all options into both. */
export interface SplitOptions {
  readonly _query: Readonly<Record<string, string | number | boolean | undefined>>
  readonly _body: object
}

export interface ContainerApi {
  inspect(options?: object): Promise<InspectedContainer>
  start(options?: object): Promise<unknown>
  stop(options?: SplitOptions): Promise<unknown>
  kill(options?: SplitOptions): Promise<unknown>
  remove(options?: object): Promise<unknown>
  resize(options: SplitOptions): Promise<unknown>
  exec(options: object): Promise<{ readonly id: string }>
}

export interface NetworkApi {
  inspect(options?: object): Promise<InspectedNetwork>
  remove(options?: object): Promise<unknown>
  connect(options: object): Promise<unknown>
  disconnect(options: object): Promise<unknown>
}

export interface VolumeApi {
  inspect(options?: object): Promise<InspectedVolume>
  remove(options?: object): Promise<unknown>
}

export interface ImageApi {
  inspect(options?: object): Promise<InspectedImage>
  remove(options?: object): Promise<unknown>
}

export interface ExecApi {
  inspect(options?: object): Promise<InspectedExec>
  resize(options: SplitOptions): Promise<unknown>
}

/** The body of a create request: the fields that this package reads, and all others as `unknown`. */
export interface CreateBody {
  readonly Image?: string
  readonly Env?: readonly string[] | undefined
  readonly Hostname?: string | undefined
  readonly Labels?: StringMap
  readonly ExposedPorts?: object | undefined
  readonly HostConfig: {
    readonly NetworkMode?: string | undefined
    readonly Dns?: unknown
    readonly ExtraHosts?: unknown
    readonly PortBindings?: unknown
    readonly AutoRemove?: boolean
    readonly Privileged?: boolean
    readonly CapAdd?: readonly string[]
    readonly GroupAdd?: readonly string[] | undefined
    readonly [field: string]: unknown
  }
  readonly NetworkingConfig?: { readonly EndpointsConfig: Readonly<Record<string, EndpointSettings>> } | undefined
  readonly [field: string]: unknown
}

/** The settings of a container in one network. */
export interface EndpointSettings {
  readonly Aliases?: readonly string[]
  readonly IPAMConfig?: { readonly IPv4Address?: string; readonly IPv6Address?: string }
}

/** A create request and the requests that follow it. */
export interface CreateRequest {
  readonly body: CreateBody
  readonly platform: string | undefined
  /** The networks to connect the container to after the create. */
  readonly laterNetworks: readonly NetworkJoin[]
  /** The networks of `body` from which the container was disconnected again, by id. Default: none. */
  readonly leftNetworks?: readonly string[]
}

export interface ListedContainer {
  readonly Id: string
  readonly Names?: readonly string[] | null
  readonly Image?: string
  readonly ImageID?: string
  readonly State?: string
  readonly Created?: number
  readonly Labels?: Readonly<Record<string, string>> | null
  /** A text for display, such as `Up 2 seconds (healthy)`. */
  readonly Status?: string
  readonly HostConfig?: { readonly NetworkMode?: string } | null
}

export interface InspectedContainer {
  readonly Id: string
  readonly Name?: string
  readonly Image?: string
  readonly Created?: string
  readonly Path?: string
  readonly Args?: readonly string[] | null
  readonly RestartCount?: number
  readonly State?: {
    readonly Status?: string
    readonly Running?: boolean
    readonly ExitCode?: number
    readonly Error?: string
    readonly StartedAt?: string
    readonly FinishedAt?: string
    readonly Health?: { readonly Status?: string } | null
  }
  readonly Config?: {
    readonly Image?: string
    readonly Tty?: boolean
    readonly OpenStdin?: boolean
    readonly ExposedPorts?: object | null
    readonly Labels?: Readonly<Record<string, string>> | null
  }
  readonly Mounts?: readonly { readonly Destination: string; readonly Type?: string; readonly RW?: boolean }[] | null
  readonly HostConfig?: {
    readonly ReadonlyRootfs?: boolean
    readonly Tmpfs?: Readonly<Record<string, string>> | null
    readonly NetworkMode?: string
    readonly IpcMode?: string
    readonly PidMode?: string
    readonly Runtime?: string
    readonly RestartPolicy?: { readonly Name?: string; readonly MaximumRetryCount?: number } | null
    readonly AutoRemove?: boolean
    readonly MemorySwap?: number
    readonly Privileged?: boolean
    readonly CapAdd?: readonly string[] | null
    readonly GroupAdd?: readonly string[] | null
    readonly ExtraHosts?: readonly string[] | null
    readonly Dns?: readonly string[] | null
    readonly PortBindings?: PortMap | null
  }
  readonly NetworkSettings?: {
    readonly Ports?: PortMap | null
    readonly Networks?: Readonly<Record<string, InspectedAttachment>> | null
  }
}

export type PortMap = Readonly<
  Record<string, readonly { readonly HostIp?: string; readonly HostPort?: string }[] | null | undefined>
>

export interface InspectedAttachment {
  readonly NetworkID?: string
  readonly IPAddress?: string
  readonly Gateway?: string
  readonly IPv6Gateway?: string
  readonly GlobalIPv6Address?: string
  readonly Aliases?: readonly string[] | null
  readonly IPAMConfig?: EndpointSettings['IPAMConfig'] | null
  readonly Links?: readonly string[] | null
  readonly DriverOpts?: object | null
}

export interface InspectedNetwork {
  readonly Id: string
  readonly Scope?: string
  readonly Name?: string
  readonly Internal?: boolean
  readonly Options?: Readonly<Record<string, string>> | null
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string; readonly Gateway?: string }[] | null } | null
  readonly Containers?: Readonly<Record<string, NetworkEndpoint>> | null
}

/** A container in an inspected network. Its addresses have a prefix length: `172.17.0.2/16`. */
export interface NetworkEndpoint {
  readonly Name?: string
  readonly IPv4Address?: string
  readonly IPv6Address?: string
}

export interface InspectedVolume {
  readonly Name: string
  readonly Mountpoint?: string
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly CreatedAt?: string
}

export interface ListedImage {
  readonly Id: string
  readonly RepoTags?: readonly string[] | null
  readonly RepoDigests?: readonly string[] | null
  readonly Size?: number
  readonly Created?: number
  readonly Labels?: Readonly<Record<string, string>> | null
}

export interface InspectedImage {
  readonly Id: string
  readonly RepoTags?: readonly string[] | null
  readonly RepoDigests?: readonly string[] | null
  readonly Created?: string
  readonly Size?: number
  readonly Author?: string
  readonly Architecture?: string
  readonly Os?: string
  readonly Variant?: string
  readonly RootFS?: { readonly Layers?: readonly string[] | null } | null
  readonly Config?: {
    readonly Env?: readonly string[] | null
    readonly User?: string
    readonly Labels?: Readonly<Record<string, string>> | null
  } | null
}

/** A step of `/images/x/history`. */
export interface ListedHistoryEntry {
  /** `<missing>` where the engine does not have the image of the step. */
  readonly Id?: string
  readonly Created?: number
  readonly CreatedBy?: string
  readonly Size?: number
  readonly Comment?: string
}

export interface InspectedExec {
  readonly ContainerID?: string
  readonly Running?: boolean
  readonly ExitCode?: number | null
  readonly Pid?: number
}
