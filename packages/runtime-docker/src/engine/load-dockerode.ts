/// <reference path="./dockerode-files.d.ts" />
import { loadCommonJs } from '@capstan/core/plugin'
import type { ContainerApi, DockerApi, ExecApi, ImageApi, NetworkApi, VolumeApi } from './docker-api.js'
import type { DialOptions, DockerodeModem } from './dockerode-modem.js'

/**
 * Creates dockerode's objects with the given modem. Loading takes 50 ms, so it waits for the first call of a runtime.
 *
 * Only single files of dockerode are loaded. Its main file also loads docker-modem and gRPC, which Capstan does not
 * use, and with them ssh2, whose native parts cannot be bundled. The list and create methods of the main file are
 * implemented here.
 */
export async function loadDockerode(modem: DockerodeModem): Promise<DockerApi> {
  const { Container, Exec, Image, Network, Volume } = await loadCommonJs(loadClasses)
  return {
    async createContainer(options) {
      const { Id: id } = await dial<Created>(modem, {
        path: '/containers/create?',
        method: 'POST',
        options: { ...options },
      })
      return { id }
    },
    async createNetwork(options) {
      const { Id: id } = await dial<Created>(modem, {
        path: '/networks/create',
        method: 'POST',
        options: { ...options },
      })
      return { id }
    },
    createVolume: (options) => dial(modem, { path: '/volumes/create', method: 'POST', options: { ...options } }),
    listContainers: (options) => dial(modem, { path: '/containers/json?', method: 'GET', options: { ...options } }),
    listNetworks: (options) => dial(modem, { path: '/networks?', method: 'GET', options: { ...options } }),
    listVolumes: (options) => dial(modem, { path: '/volumes?', method: 'GET', options: { ...options } }),
    listImages: (options) => dial(modem, { path: '/images/json?', method: 'GET', options: { ...options } }),
    getContainer: (id) => new Container(modem, id),
    getExec: (id) => new Exec(modem, id),
    getImage: (reference) => new Image(modem, reference),
    getNetwork: (id) => new Network(modem, id),
    getVolume: (name) => new Volume(modem, name),
  }
}

interface Created {
  readonly Id: string
}

/** Sends a request and resolves with the answer documented for its path. */
function dial<T>(modem: DockerodeModem, options: DialOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    modem.dial(options, (error, answer) => (error ? reject(error) : resolve(answer as T)))
  })
}

type ClassOf<T> = new (modem: DockerodeModem, id: string) => T

interface DockerodeClasses {
  readonly Container: ClassOf<ContainerApi>
  readonly Exec: ClassOf<ExecApi>
  readonly Image: ClassOf<ImageApi>
  readonly Network: ClassOf<NetworkApi>
  readonly Volume: ClassOf<VolumeApi>
}

/** Loads the classes. dockerode's types cover only its main file, so they are cast to the types of DockerApi. */
async function loadClasses(): Promise<DockerodeClasses> {
  const [container, exec, image, network, volume] = await Promise.all([
    import('dockerode/lib/container.js'),
    import('dockerode/lib/exec.js'),
    import('dockerode/lib/image.js'),
    import('dockerode/lib/network.js'),
    import('dockerode/lib/volume.js'),
  ])
  const Container = container.default as ClassOf<ContainerApi>
  const Exec = exec.default as ClassOf<ExecApi>
  const Image = image.default as ClassOf<ImageApi>
  const Network = network.default as ClassOf<NetworkApi>
  const Volume = volume.default as ClassOf<VolumeApi>
  return { Container, Exec, Image, Network, Volume }
}
