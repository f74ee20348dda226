import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Opens the state of the simulated service. It is stored on disk and read when the server starts. */
export function openState(home) {
  return new State(home)
}

class State {
  faults = []
  held = []
  containers
  images
  networks
  volumes
  #addresses = 1

  constructor(home) {
    this.home = home
    const { release, service } = JSON.parse(readFileSync(join(home, 'settings.json'), 'utf8'))
    this.release = release
    this.service = { status: 'running', ...service }
    this.containers = this.#read('containers')
    this.images = this.#read('images')
    this.networks = this.#read('networks')
    this.volumes = this.#read('volumes')
    // Containers that ran when the service ended are stopped.
    for (const container of this.containers.values()) container.state = 'stopped'
  }

  get isCurrent() {
    return !this.release.version.startsWith('0.')
  }

  place(kind, name) {
    return join(this.home, kind, encodeURIComponent(name))
  }

  save(kind, name) {
    const directory = this.place(kind, name)
    mkdirSync(directory, { recursive: true })
    const { run: _, ...record } = this[kind].get(name)
    writeFileSync(join(directory, 'record.json'), JSON.stringify(record))
  }

  remove(kind, name) {
    this[kind].delete(name)
    // A program that is ending may still create files there.
    rmSync(this.place(kind, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 10 })
  }

  /** Finds an image by its reference. */
  findImage(reference) {
    const wanted = normalise(reference)
    return [...this.images.values()].find(({ references }) => references.includes(wanted))
  }

  nextAddress(network) {
    const { subnet = '192.168.64.0/24', subnet6 } = this.networks.get(network) ?? {}
    const prefix = subnet.replace(/\d+\/\d+$/, '')
    this.#addresses = (this.#addresses % 250) + 1
    return {
      gateway: `${prefix}1`,
      address: `${prefix}${this.#addresses + 1}`,
      address6: subnet6?.replace(/\/\d+$/, (this.#addresses + 1).toString(16)),
      subnet,
    }
  }

  addStranger(name) {
    const image = [...this.images.values()][0]
    const stranger = {
      id: name,
      image: image.references[0],
      digest: image.digest,
      createdAt: Date.now(),
      state: 'stopped',
      labels: {},
      ports: [],
      mounts: [],
      networks: [],
      process: { argv: ['true'], env: [], directory: '/', user: '' },
    }
    this.containers.set(name, stranger)
    this.save('containers', name)
  }

  pids() {
    return [...this.containers.values()].flatMap(({ run }) => (run === undefined ? [] : [run.pid]))
  }

  #read(kind) {
    const directory = join(this.home, kind)
    const names = existsSync(directory) ? readdirSync(directory) : []
    const records = names
      .map((name) => join(directory, name, 'record.json'))
      .filter(existsSync)
      .map((path) => JSON.parse(readFileSync(path, 'utf8')))
    return new Map(records.map((record) => [record.id ?? record.name ?? record.digest, record]))
  }
}

/** `busybox` → `docker.io/library/busybox:latest`. */
export function normalise(reference) {
  const [first, ...rest] = reference.split('/')
  const hasHost = rest.length > 0 && /[.:]|^localhost$/.test(first)
  const path = hasHost ? reference : `docker.io/${rest.length === 0 ? 'library/' : ''}${reference}`
  const name = path.slice(path.lastIndexOf('/') + 1)
  return /[:@]/.test(name) ? path : `${path}:latest`
}

export function newId() {
  return randomUUID()
}
