import type { DockerSystem } from '../../src/engine/docker-system.js'

/** Machines as data. */
export const linux: DockerSystem = {
  platform: 'linux',
  home: '/home/ann',
  uid: 1000,
  hostname: 'host',
  kernel: '6.1.0',
}
export const mac: DockerSystem = { platform: 'darwin', home: '/Users/ann', uid: 501, hostname: 'mac', kernel: '24.5.0' }
export const windows: DockerSystem = {
  platform: 'win32',
  home: 'C:/Users/ann',
  uid: undefined,
  hostname: 'pc',
  kernel: '10.0.22631',
}
