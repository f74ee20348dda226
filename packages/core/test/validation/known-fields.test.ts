import { describe, expect, it } from 'vitest'
import { createRuntimeHost, type Mount } from '../../src/index.js'
import {
  createUndoStack,
  OperationScope,
  validateAttachOptions,
  validateBuild,
  validateCommit,
  validateComposeDownOptions,
  validateComposeSource,
  validateComposeUpOptions,
  validateConnection,
  validateContainerConfig,
  validateContainerUpdate,
  validateDisconnection,
  validateEventOptions,
  validateExec,
  validateFirewallRules,
  validateHostAddressOptions,
  validateJobConfig,
  validateListContainersOptions,
  validateListImages,
  validateListOptions,
  validateLogOptions,
  validateNetwork,
  validatePull,
  validatePush,
  validateRemoveOptions,
  validateServiceChange,
  validateServiceConfig,
  validateSidecarConfig,
  validateStopOptions,
  validateStoredObject,
  validateTerminalSize,
  validateVolume,
} from '../../src/plugin.js'
import { type ContractArguments, checkFields } from '../../src/validation/known-fields.js'
import { validateSweepOptions } from '../../src/validation/operations.js'

interface Checked<A> {
  /** A valid argument with each of its objects. */
  readonly sample: A
  readonly validate: (argument: A) => unknown
  /** The path of the argument in errors. */
  readonly path?: string
}

const image = 'busybox'
const job = {
  image,
  mounts: [{ type: 'volume', source: 'data', target: '/data' }] as const,
  secrets: [{ secretId: 's', target: '/s' }],
  configs: [{ configId: 'c', target: '/c' }],
  env: { A: '1' },
  labels: { a: '1' },
}
const container = {
  image,
  mounts: [
    { type: 'bind', source: '/a', target: '/a', relabel: 'shared' },
    { type: 'volume', source: 'b', target: '/b', labels: { b: '1' } },
    { type: 'tmpfs', target: '/c', executable: true },
  ] as readonly Mount[],
  ports: [{ containerPort: 80, protocol: 'tcp' }] as const,
  exposedPorts: [{ containerPort: 81 }],
  devices: [{ source: '/dev/null' }],
  gpus: { count: 1 },
  ipcMode: { container: 'other' },
  pidMode: { container: 'other' },
  ulimits: [{ name: 'nofile', soft: 1, hard: 2 }],
  restartPolicy: { name: 'always' } as const,
  healthcheck: { command: 'true' },
  logDriver: { name: 'local', options: { 'max-size': '1m' } },
  labels: { a: '1' },
  env: { A: '1' },
}
const service = {
  ...job,
  replicas: 1,
  ports: [{ containerPort: 80 }],
  update: { parallelism: 2 },
}
const join = { networkId: 'n', aliases: ['db'] }
const labels = { labels: { a: '1' } }
const credentials = { username: 'a', password: 'b' }

// The type of the record makes an argument without a sample a compile error.
const all: { readonly [K in keyof ContractArguments]: Checked<ContractArguments[K]> } = {
  AttachOptions: { sample: { initialSize: { height: 1, width: 1 } }, validate: validateAttachOptions },
  BuildOptions: {
    sample: { ...labels, context: { files: { a: '1' } }, buildArgs: { A: '1' } },
    validate: (options) => validateBuild('FROM scratch', 'app', options),
  },
  CommitOptions: {
    sample: { changes: { exposedPorts: [{ containerPort: 1, protocol: 'udp' }] } },
    validate: validateCommit,
  },
  ComposeDownOptions: { sample: {}, validate: validateComposeDownOptions },
  ComposeSource: {
    sample: { name: 'shop', content: 'services: {}', env: { A: '1' } },
    validate: validateComposeSource,
    path: 'source',
  },
  ComposeUpOptions: { sample: labels, validate: validateComposeUpOptions },
  ConnectContainerOptions: { sample: {}, validate: (options) => validateConnection('n', 'c', options) },
  ContainerConfig: {
    sample: { ...container, network: { mode: 'networks', networks: [join] } },
    validate: (config) => validateContainerConfig(config),
  },
  ContainerUpdate: {
    sample: { cpus: 1, restartPolicy: { name: 'no' } },
    validate: validateContainerUpdate,
    path: 'update',
  },
  ConvergeOptions: { sample: {}, validate: (options) => validateServiceConfig({ ...service, name: 'web' }, options) },
  CreateConfigOptions: {
    sample: labels,
    validate: (options) => validateStoredObject('config', { name: 'a', value: bytes, options }),
  },
  CreateNetworkOptions: {
    sample: { ...labels, subnets: [{ cidr: '10.20.0.0/24' }] },
    validate: (options) => validateNetwork('n', options),
  },
  CreateOptions: { sample: {}, validate: (options) => validateContainerConfig({ image }, options) },
  CreateSecretOptions: {
    sample: labels,
    validate: (options) => validateStoredObject('secret', { name: 'a', value: bytes, options }),
  },
  CreateVolumeOptions: { sample: labels, validate: (options) => validateVolume('v', options) },
  DisconnectContainerOptions: { sample: {}, validate: (options) => validateDisconnection('n', 'c', options) },
  EventOptions: { sample: labels, validate: validateEventOptions },
  ExecOptions: { sample: { env: { A: '1' } }, validate: (options) => validateExec(['ls'], options) },
  FirewallRules: {
    sample: { proxyHost: 'proxy', proxyPort: 1, allow: [{ host: 'db', port: 1 }] },
    validate: validateFirewallRules,
  },
  HostAddressOptions: { sample: {}, validate: validateHostAddressOptions },
  HostOptions: { sample: { plugins: [], env: { A: '1' } }, validate: createRuntimeHost },
  JobConfig: { sample: job, validate: (config) => validateJobConfig(config) },
  ListContainersOptions: { sample: labels, validate: validateListContainersOptions },
  ListImagesOptions: { sample: labels, validate: validateListImages },
  ListOptions: { sample: labels, validate: validateListOptions },
  LogOptions: { sample: {}, validate: validateLogOptions },
  OpenOptions: { sample: { requires: {} }, validate: (options) => checkFields('OpenOptions', options) },
  PullOptions: { sample: { credentials }, validate: (options) => validatePull(image, options) },
  PushOptions: { sample: { credentials }, validate: (options) => validatePush(image, options) },
  RemoveOptions: { sample: {}, validate: validateRemoveOptions },
  RunJobOptions: { sample: {}, validate: (options) => validateJobConfig({ image }, options) },
  ServiceChange: { sample: service, validate: (change) => validateServiceChange(change) },
  ServiceConfig: { sample: { ...service, name: 'web' }, validate: (config) => validateServiceConfig(config) },
  SidecarConfig: {
    sample: { ...container, name: 'db', networks: [join] },
    validate: (config) => validateSidecarConfig(config),
  },
  StopOptions: { sample: {}, validate: validateStopOptions },
  SweepOptions: { sample: {}, validate: validateSweepOptions },
  TerminalSize: { sample: { height: 1, width: 1 }, validate: (size) => validateTerminalSize(size), path: 'size' },
}

const bytes = Buffer.from('value')

describe('an unknown field of an object causes INVALID_ARGUMENT with its path', () => {
  it.each(listCases())('$type: $field', ({ field, validate }) => {
    expect(validate).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) }),
    )
  })

  it.each<readonly [string, () => void]>([
    ['mounts[0].sizeBytes', () => validateMount({ type: 'bind', source: '/a', target: '/a', sizeBytes: 1 })],
    ['mounts[0].relabel', () => validateMount({ type: 'volume', source: 'a', target: '/a', relabel: 'shared' })],
    ['mounts[0].readOnly', () => validateMount({ type: 'tmpfs', target: '/a', readOnly: true })],
    ['network.id', () => validateNetworkOf({ mode: 'none', id: 'a' })],
    ['network.networks', () => validateNetworkOf({ mode: 'default', networks: [] })],
  ])('that belongs to another kind of object: %s', (field, validate) => {
    expect(validate).toThrow(expect.objectContaining({ facts: expect.objectContaining({ field }) }))
  })
})

it.each(Object.entries(all))('%s without unknown fields is accepted', (_type, { sample, validate }) => {
  expect(() => validate(sample as never)).not.toThrow() // each function accepts its own sample
})

it('the error has the type of the argument and of the value, and not the value', () => {
  const validate = () => validateContainerConfig({ image, healthcheck: { command: 'true', testt: 'hush' } } as never)
  expect(validate).toThrow('healthcheck.testt must be absent, since it is not a field of ContainerConfig, not string')
})

it('options that are not an object cause INVALID_ARGUMENT', () => {
  for (const options of [null, 'all', []]) {
    const validate = () => validateLogOptions(options as never)
    expect(validate).toThrow(expect.objectContaining({ facts: expect.objectContaining({ field: 'options' }) }))
  }
})

it('an Operation and the options of an undo step are accepted as options', async () => {
  const undo = createUndoStack()
  undo.add('container', async (options) => validateRemoveOptions(options))
  expect(await undo.run()).toEqual([])
  await new OperationScope().run({ operation: 'a', subject: 'b' }, {}, (call) => validateStopOptions(call))
})

function validateMount(mount: object): void {
  validateContainerConfig({ image, mounts: [mount as Mount] })
}

function validateNetworkOf(network: object): void {
  validateContainerConfig({ image, network: network as never })
}

interface Case {
  readonly type: string
  readonly field: string
  readonly validate: () => unknown
}

/** One case for each object of the samples. */
function listCases(): readonly Case[] {
  return Object.entries(all).flatMap(([type, { sample, validate, path = '' }]) =>
    addUnknownField(sample).map(({ field, changed }) => ({
      type,
      field: path === '' ? field : `${path}.${field}`,
      validate: () => validate(changed as never), // each function gets its own sample with one more field
    })),
  )
}

/** Returns copies of a value, each with an unknown field in another one of its objects. */
function addUnknownField(value: unknown): readonly { readonly field: string; readonly changed: unknown }[] {
  if (Array.isArray(value)) {
    return value.flatMap((element: unknown, index) =>
      addUnknownField(element).map(({ field, changed }) => ({
        field: `[${index}].${field}`,
        changed: value.with(index, changed),
      })),
    )
  }
  if (typeof value !== 'object' || value === null) return []
  const nested = Object.entries(value).filter(([field]) => !maps.includes(field))
  return [
    { field: 'unknown', changed: { ...value, unknown: 1 } },
    ...nested.flatMap(([name, inner]) =>
      addUnknownField(inner).map(({ field, changed }) => ({
        field: `${name}${field.startsWith('[') ? '' : '.'}${field}`,
        changed: { ...value, [name]: changed },
      })),
    ),
  ]
}

/** The fields whose values are maps, which may have any key. */
const maps: readonly string[] = ['labels', 'env', 'buildArgs', 'files', 'options', 'requires']
