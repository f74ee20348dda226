import type { Readable, Writable } from 'node:stream'
import type { Capability } from '../contract/capability.js'
import type { AttachOptions, TerminalSize } from '../contract/container/attach.js'
import type { ContainerConfig, CreateOptions } from '../contract/container/container-config.js'
import type { ListContainersOptions, RemoveOptions, StopOptions } from '../contract/container/container-info.js'
import type { LogOptions } from '../contract/container/logs.js'
import type { ListImagesOptions, PullOptions, PushOptions } from '../contract/image/image.js'
import type { ComposeDownOptions, ComposeSource, ComposeUpOptions } from '../contract/managers/compose-manager.js'
import type { ContainerUpdate } from '../contract/managers/container-control.js'
import type { EventOptions } from '../contract/managers/event-stream.js'
import type { ExecOptions } from '../contract/managers/exec-manager.js'
import type { FirewallRules } from '../contract/managers/firewall-manager.js'
import type { BuildOptions } from '../contract/managers/image-builder.js'
import type { CommitOptions } from '../contract/managers/image-manager.js'
import type { JobConfig, RunJobOptions } from '../contract/managers/job-manager.js'
import type {
  ConnectContainerOptions,
  CreateNetworkOptions,
  DisconnectContainerOptions,
} from '../contract/managers/network-manager.js'
import type { SidecarConfig } from '../contract/managers/sidecar-manager.js'
import type {
  ConvergeOptions,
  CreateConfigOptions,
  CreateSecretOptions,
  ServiceChange,
  ServiceConfig,
} from '../contract/managers/swarm-manager.js'
import type { CreateVolumeOptions } from '../contract/managers/volume-manager.js'
import type { ListOptions } from '../contract/operation.js'
import type { RuntimePlugin } from '../contract/plugin.js'
import type { HostAddressOptions } from '../contract/runtime.js'
import type { HostOptions, OpenOptions } from '../contract/runtime-host.js'
import type { SweepOptions } from '../contract/sweep-report.js'
import { checkObject, checkSecret, isObject } from './check.js'

/**
 * Rejects fields that an argument of the contract does not have, in nested objects as well, since they would be ignored
 * silently. Also rejects options that are not an object. The values of known fields are checked elsewhere. `path`: that of the
 * argument in errors; the fields of configs and options have none.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field and the type of its value, which may be a secret
 */
export function checkFields<K extends keyof ContractArguments>(
  type: K,
  argument: ContractArguments[K],
  path = '',
): void {
  if (type.endsWith('Options')) checkObject('options', argument)
  visit(argument, fieldsOf[type], { path, type })
}

/**
 * The arguments with fields of all methods of the contract, by the name of their type, except `OperationOptions`: callers pass
 * on the options of their own methods to methods that have only a signal.
 */
export interface ContractArguments {
  readonly AttachOptions: AttachOptions
  readonly BuildOptions: BuildOptions
  readonly CommitOptions: CommitOptions
  readonly ComposeDownOptions: ComposeDownOptions
  readonly ComposeSource: ComposeSource
  readonly ComposeUpOptions: ComposeUpOptions
  readonly ConnectContainerOptions: ConnectContainerOptions
  readonly ContainerConfig: ContainerConfig
  readonly ContainerUpdate: ContainerUpdate
  readonly ConvergeOptions: ConvergeOptions
  readonly CreateConfigOptions: CreateConfigOptions
  readonly CreateNetworkOptions: CreateNetworkOptions
  readonly CreateOptions: CreateOptions
  readonly CreateSecretOptions: CreateSecretOptions
  readonly CreateVolumeOptions: CreateVolumeOptions
  readonly DisconnectContainerOptions: DisconnectContainerOptions
  readonly EventOptions: EventOptions
  readonly ExecOptions: ExecOptions
  readonly FirewallRules: FirewallRules
  readonly HostAddressOptions: HostAddressOptions
  readonly HostOptions: HostOptions
  readonly JobConfig: JobConfig
  readonly ListContainersOptions: ListContainersOptions
  readonly ListImagesOptions: ListImagesOptions
  readonly ListOptions: ListOptions
  readonly LogOptions: LogOptions
  readonly OpenOptions: OpenOptions
  readonly PullOptions: PullOptions
  readonly PushOptions: PushOptions
  readonly RemoveOptions: RemoveOptions
  readonly RunJobOptions: RunJobOptions
  readonly ServiceChange: ServiceChange
  readonly ServiceConfig: ServiceConfig
  readonly SidecarConfig: SidecarConfig
  readonly StopOptions: StopOptions
  readonly SweepOptions: SweepOptions
  readonly TerminalSize: TerminalSize
}

/** The objects with fields among the values of a type; of lists, those of their elements. Labels and other maps have none. */
export type ObjectsIn<V> = V extends Leaf
  ? never
  : V extends readonly (infer E)[]
    ? ObjectsIn<E>
    : V extends object
      ? string extends keyof V
        ? never
        : V
      : never

type Leaf =
  | string
  | number
  | boolean
  | undefined
  | null
  | Date
  | Uint8Array
  | AbortSignal
  | Readable
  | Writable
  | AsyncIterable<unknown>
  | ((...parameters: never[]) => unknown)
  // Objects of other authors, which may have fields of their own.
  | RuntimePlugin
  | Capability<object>

/** `true` for a field without fields of its own. */
type Rule<V> = [ObjectsIn<V>] extends [never] ? true : Fields<ObjectsIn<V>>

/** All fields of a type. A union with the field `type` or `mode` has those of each of its values, any other one all together. */
type Fields<O> = [O] extends [{ readonly type: string }]
  ? Variants<O, 'type'>
  : [O] extends [{ readonly mode: string }]
    ? Variants<O, 'mode'>
    : { readonly [K in KeyOf<O>]-?: Rule<ValueOf<O, K>> }

type KeyOf<O> = O extends unknown ? keyof O & string : never
type ValueOf<O, K> = O extends unknown ? (K extends keyof O ? O[K] : never) : never

/** The fields by the value of one of them. */
type Variants<O, D extends 'type' | 'mode'> = readonly [
  D,
  {
    readonly [V in ValueOf<O, D> & string]: {
      readonly [K in KeyOf<Variant<O, D, V>>]-?: Rule<ValueOf<Variant<O, D, V>, K>>
    }
  },
]
type Variant<O, D extends string, V> = O extends { readonly [K in D]: infer T } ? (V extends T ? O : never) : never

/** A {@link Fields} of any type. */
type AnyFields = { readonly [field: string]: AnyRule }
type AnyRule = true | AnyFields | readonly [string, Readonly<Record<string, AnyFields>>]

function visit(value: unknown, rule: AnyRule, at: { readonly path: string; readonly type: string }): void {
  if (rule === true) return
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) visit(element, rule, { ...at, path: `${at.path}[${index}]` })
  } else if (isObject(value)) visitFields(value, findFields(value, rule), at)
}

function visitFields(
  value: object,
  fields: AnyFields | undefined,
  { path, type }: { readonly path: string; readonly type: string },
): void {
  if (fields === undefined) return
  const toPath = (field: string) => (path === '' ? field : `${path}.${field}`)
  for (const field of Object.keys(value)) {
    const isKnown = Object.hasOwn(fields, field) || ('signal' in fields && operationFields.includes(field))
    checkSecret(isKnown, toPath(field), `absent, since it is not a field of ${type}`, Reflect.get(value, field))
  }
  for (const [field, rule] of Object.entries(fields))
    visit(Reflect.get(value, field), rule, { path: toPath(field), type })
}

/** Returns `undefined` for an object whose variant is unknown, which is rejected where its fields are checked. */
function findFields(value: object, rule: Exclude<AnyRule, true>): AnyFields | undefined {
  if (!isVariants(rule)) return rule
  const [field, variants] = rule
  const variant: unknown = Reflect.get(value, field)
  return typeof variant === 'string' && Object.hasOwn(variants, variant) ? variants[variant] : undefined
}

// `Array.isArray` does not narrow a readonly array.
function isVariants(rule: Exclude<AnyRule, true>): rule is Extract<AnyRule, readonly unknown[]> {
  return Array.isArray(rule)
}

/** An `Operation` and the options of an undo step can be options: they have a signal and these fields, which request nothing. */
const operationFields: readonly string[] = ['operation', 'subject', 'hasCallerSignal', 'undo']

const signal = { signal: true } as const
const labelled = { ...signal, labels: true } as const
const progress = { ...signal, onProgress: true } as const
const credentials = { username: true, password: true } as const
const list = { ...labelled, labelKeys: true } as const
const exposedPort = { containerPort: true, protocol: true } as const
const join = { networkId: true, aliases: true, ipAddress: true } as const
const mode = { mode: true } as const
const namespace = { container: true } as const
const restartPolicy = { name: true, maxRetries: true } as const

const mounts: Rule<ContainerConfig['mounts']> = [
  'type',
  {
    bind: { type: true, source: true, target: true, readOnly: true, relabel: true },
    volume: { type: true, source: true, target: true, readOnly: true, labels: true },
    tmpfs: { type: true, target: true, sizeBytes: true, mode: true, executable: true },
  },
]

/** The fields that containers and sidecars have in common. */
const container: Fields<Omit<ContainerConfig, 'network' | 'tty' | 'interactive'>> = {
  image: true,
  name: true,
  platform: true,
  pull: true,
  command: true,
  entrypoint: true,
  workingDirectory: true,
  env: true,
  user: true,
  groupAdd: true,
  hostname: true,
  mounts,
  readOnlyRootFilesystem: true,
  ports: { ...exposedPort, hostPort: true, hostAddress: true },
  exposedPorts: exposedPort,
  dns: true,
  extraHosts: true,
  privileged: true,
  capAdd: true,
  capDrop: true,
  securityOptions: true,
  devices: { source: true, target: true, permissions: true },
  gpus: { count: true, ids: true },
  ociRuntime: true,
  ipcMode: namespace,
  pidMode: namespace,
  labels: true,
  memoryBytes: true,
  cpus: true,
  shmSizeBytes: true,
  pidsLimit: true,
  ulimits: { name: true, soft: true, hard: true },
  init: true,
  autoRemove: true,
  restartPolicy,
  stopSignal: true,
  healthcheck: { command: true, intervalMs: true, timeoutMs: true, startPeriodMs: true, retries: true },
  logDriver: { name: true, options: true },
}

const job: Fields<JobConfig> = {
  image: true,
  command: true,
  entrypoint: true,
  env: true,
  user: true,
  workingDirectory: true,
  mounts,
  networks: true,
  memoryBytes: true,
  cpus: true,
  constraints: true,
  secrets: { secretId: true, target: true },
  configs: { configId: true, target: true },
  labels: true,
}

const serviceChange: Fields<ServiceChange> = {
  ...job,
  replicas: true,
  ports: { ...exposedPort, hostPort: true, mode: true },
  endpointMode: true,
  stopGraceMs: true,
  update: { parallelism: true, delayMs: true, failureAction: true, monitorMs: true },
}

// The type makes a missing and an unknown field a compile error.
const fieldsOf: { readonly [K in keyof ContractArguments]: Fields<ContractArguments[K]> } = {
  AttachOptions: {
    ...signal,
    stdin: true,
    stdout: true,
    stderr: true,
    initialSize: { height: true, width: true },
  },
  BuildOptions: {
    ...labelled,
    ...progress,
    tags: true,
    context: { directory: true, files: true },
    buildArgs: true,
    target: true,
    platform: true,
    noCache: true,
    pull: true,
    dns: true,
  },
  CommitOptions: {
    ...signal,
    tag: true,
    changes: {
      command: true,
      entrypoint: true,
      env: true,
      user: true,
      workingDirectory: true,
      labels: true,
      exposedPorts: exposedPort,
      volumes: true,
      stopSignal: true,
    },
    message: true,
    author: true,
    pause: true,
  },
  ComposeDownOptions: { ...signal, volumes: true, graceMs: true },
  ComposeSource: {
    name: true,
    files: true,
    content: true,
    directory: true,
    profiles: true,
    envFiles: true,
    env: true,
  },
  ComposeUpOptions: {
    ...labelled,
    ...progress,
    services: true,
    jobs: true,
    build: true,
    pull: true,
    readyTimeoutMs: true,
    dependencies: true,
    scale: true,
    recreate: true,
    removeOrphans: true,
    until: true,
    graceMs: true,
  },
  ConnectContainerOptions: { ...signal, aliases: true, ipAddress: true },
  ContainerConfig: {
    ...container,
    network: [
      'mode',
      {
        default: mode,
        none: mode,
        host: mode,
        container: { ...mode, id: true },
        networks: { ...mode, networks: join },
      },
    ],
    tty: true,
    interactive: true,
  },
  ContainerUpdate: { memoryBytes: true, cpus: true, pidsLimit: true, restartPolicy },
  ConvergeOptions: { ...progress, timeoutMs: true },
  CreateConfigOptions: labelled,
  CreateNetworkOptions: {
    ...labelled,
    internal: true,
    subnets: { cidr: true, gateway: true },
    ipv6: true,
    scope: true,
  },
  CreateOptions: progress,
  CreateSecretOptions: labelled,
  CreateVolumeOptions: labelled,
  DisconnectContainerOptions: { ...signal, force: true },
  EventOptions: { ...labelled, since: true, until: true, kinds: true },
  ExecOptions: {
    ...signal,
    env: true,
    user: true,
    workingDirectory: true,
    tty: true,
    stdin: true,
    privileged: true,
  },
  FirewallRules: { proxyHost: true, proxyPort: true, allow: { host: true, port: true }, dns: true },
  HostAddressOptions: { ...signal, networkId: true },
  HostOptions: { plugins: true, app: true, env: true, probeTimeoutMs: true, onWarning: true },
  JobConfig: job,
  ListContainersOptions: { ...list, states: true },
  ListImagesOptions: { ...list, all: true },
  ListOptions: list,
  LogOptions: {
    ...signal,
    follow: true,
    since: true,
    tailLines: true,
    timestamps: true,
    stdout: true,
    stderr: true,
  },
  OpenOptions: { ...signal, runtime: true, requires: true, requiredOptions: true },
  PullOptions: { ...progress, platform: true, credentials },
  PushOptions: { ...progress, credentials },
  RemoveOptions: { ...signal, keepVolumes: true },
  RunJobOptions: { ...progress, stdout: true, stderr: true },
  ServiceChange: serviceChange,
  ServiceConfig: { ...serviceChange, name: true },
  SidecarConfig: { ...container, networks: join },
  StopOptions: { ...signal, graceMs: true },
  SweepOptions: { ...signal, dryRun: true, app: true },
  TerminalSize: { height: true, width: true },
}
