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
    createContainer: (options) => create(modem, '/containers/create?', options),
    createNetwork: (options) => create(modem, '/networks/create', options),
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

async function create(modem: DockerodeModem, path: string, options: object): Promise<{ readonly id: string }> {
  const { Id: id } = await dial<{ readonly Id: string }>(modem, { path, method: 'POST', options: { ...options } })
  return { id }
}

/** Sends a request and resolves with the answer documented for its path. */
function dial<T>(modem: DockerodeModem, options: DialOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    modem.dial(options, (error, answer) => (error ? reject(error) : resolve(answer as T)))
  })
}

type ClassOf<T> = new (modem: DockerodeModem, id: string) => T

async function loadClasses() {
  const [Container, Exec, Image, Network, Volume] = await Promise.all([
    toClass<ContainerApi>(import('dockerode/lib/container.js')),
    toClass<ExecApi>(import('dockerode/lib/exec.js')),
    toClass<ImageApi>(import('dockerode/lib/image.js')),
    toClass<NetworkApi>(import('dockerode/lib/network.js')),
    toClass<VolumeApi>(import('dockerode/lib/volume.js')),
  ])
  return { Container, Exec, Image, Network, Volume }
}

/** dockerode's types cover only its main file, so its classes are cast to the types of DockerApi. */
async function toClass<T>(file: Promise<{ readonly default: unknown }>): Promise<ClassOf<T>> {
  return (await file).default as ClassOf<T>
}
