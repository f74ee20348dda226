import type {
  ContainerInfo,
  ContainerInspection,
  ContainerState,
  ImageInfo,
  LogStream,
  NetworkInfo,
  NetworkInspection,
  NetworkManager,
  NodeInfo,
  Runtime,
  ServiceInfo,
  ServiceInspection,
  ServiceLogStream,
  StoredObjectInfo,
  SwarmManager,
  TaskInfo,
  VolumeInfo,
  VolumeManager,
} from '../../src/index.js'
import { createHostError } from '../../src/plugin.js'

/** The objects of a fake engine. Removing an object that is in `used` rejects with IN_USE and these users. */
export class FakeEngine {
  readonly containers = new Map<string, ContainerInfo>()
  readonly networks = new Map<string, NetworkInfo>()
  readonly volumes = new Map<string, VolumeInfo>()
  readonly images = new Map<string, ImageInfo>()
  readonly services = new Map<string, ServiceInfo>()
  readonly secrets = new Map<string, StoredObjectInfo>()
  readonly configs = new Map<string, StoredObjectInfo>()
  readonly used = new Map<string, readonly string[]>()
  readonly removals: string[] = []

  remove(table: Map<string, unknown>, id: string): Promise<void> {
    const users = this.used.get(id)
    if (users !== undefined) return Promise.reject(createHostError('IN_USE', { subject: id, users }))
    this.removals.push(id)
    table.delete(id)
    return Promise.resolve()
  }
}

export class FakeRuntime implements Runtime {
  readonly type = 'fake'
  readonly portHost = '127.0.0.1'
  readonly engine: FakeEngine
  closed = 0

  constructor(engine: FakeEngine = new FakeEngine()) {
    this.engine = engine
  }

  ping = async (): Promise<void> => {}
  createContainer = async (): Promise<string> => 'c1'
  startContainer = async (): Promise<void> => {}
  stopContainer = async (): Promise<void> => {}
  waitContainer = async (): Promise<number> => 0
  removeContainer = (id: string): Promise<void> => this.engine.remove(this.engine.containers, id)
  containerLogs = async (): Promise<LogStream> => ({
    async *[Symbol.asyncIterator]() {},
    async [Symbol.asyncDispose]() {},
  })
  containerLogsAll = async (): Promise<Uint8Array> => new Uint8Array()
  containerState = async (id: string): Promise<ContainerState> => this.engine.containers.get(id)?.state ?? 'running'
  inspectContainer = (id: string): Promise<ContainerInspection> =>
    Promise.reject(createHostError('CONTAINER_NOT_FOUND', { id }))
  imageExists = async (): Promise<boolean> => true
  getImageHomeDir = async (): Promise<string> => '/root'
  listImages = async (): Promise<readonly ImageInfo[]> => [...this.engine.images.values()]
  removeImage = (id: string): Promise<void> => this.engine.remove(this.engine.images, id)
  attach = async (): Promise<void> => {}
  startAttached = async (): Promise<number> => 0
  resizeTTY = async (): Promise<void> => {}
  getHostAddress = async (): Promise<string> => '127.0.0.1'
  supportsHostNetwork = (): boolean => true
  getPortBindings = async (): Promise<ReadonlyMap<number, number>> => new Map()
  listContainers = async (): Promise<readonly ContainerInfo[]> => [...this.engine.containers.values()]
  close = async (): Promise<void> => void this.closed++
}

export class FakeNetworkManager implements NetworkManager {
  readonly #engine: FakeEngine

  constructor(engine: FakeEngine = new FakeEngine()) {
    this.#engine = engine
  }

  createNetwork = async (name: string): Promise<string> => name
  removeNetwork = (id: string): Promise<void> => this.#engine.remove(this.#engine.networks, id)
  listNetworks = async (): Promise<readonly NetworkInfo[]> => [...this.#engine.networks.values()]
  inspectNetwork = async (id: string): Promise<NetworkInspection> => {
    return { id, name: id, internal: false, labels: {}, subnets: [], members: [] }
  }
  connectContainer = async (): Promise<void> => {}
  disconnectContainer = async (): Promise<void> => {}
}

export class FakeVolumeManager implements VolumeManager {
  readonly #engine: FakeEngine

  constructor(engine: FakeEngine = new FakeEngine()) {
    this.#engine = engine
  }

  createVolume = async (name: string): Promise<string> => name
  removeVolume = (name: string): Promise<void> => this.#engine.remove(this.#engine.volumes, name)
  listVolumes = async (): Promise<readonly VolumeInfo[]> => [...this.#engine.volumes.values()]
}

/** A cluster in which services are listed and removed; it creates none and has no tasks. */
export class FakeSwarmManager implements SwarmManager {
  readonly #engine: FakeEngine

  constructor(engine: FakeEngine) {
    this.#engine = engine
  }

  createService = (): Promise<string> => Promise.reject(new Error('the fake creates no services'))
  updateService = (): Promise<void> => Promise.reject(new Error('the fake changes no services'))
  removeService = (id: string): Promise<void> => this.#engine.remove(this.#engine.services, id)
  listServices = async (): Promise<readonly ServiceInfo[]> => [...this.#engine.services.values()]
  async inspectService(id: string): Promise<ServiceInspection> {
    const service = this.#engine.services.get(id)
    if (service === undefined) throw createHostError('SERVICE_NOT_FOUND', { id })
    const [createdAt, updatedAt] = [new Date(0), new Date(0)]
    const none = { networks: [], constraints: [], secrets: [], configs: [], command: undefined, update: undefined }
    return { ...service, ...none, createdAt, updatedAt, endpointMode: 'vip' }
  }
  listTasks = async (): Promise<readonly TaskInfo[]> => []
  serviceLogs = (): Promise<ServiceLogStream> => Promise.reject(new Error('the fake has no logs'))
  listNodes = async (): Promise<readonly NodeInfo[]> => []
  createSecret = async (name: string): Promise<string> => name
  removeSecret = (id: string): Promise<void> => this.#engine.remove(this.#engine.secrets, id)
  listSecrets = async (): Promise<readonly StoredObjectInfo[]> => [...this.#engine.secrets.values()]
  createConfig = async (name: string): Promise<string> => name
  removeConfig = (id: string): Promise<void> => this.#engine.remove(this.#engine.configs, id)
  listConfigs = async (): Promise<readonly StoredObjectInfo[]> => [...this.#engine.configs.values()]
}
