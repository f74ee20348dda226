import type { LocalMachine } from '../../src/engine/local-machine.js'

/** Machines as data. */
export const linux: LocalMachine = {
  platform: 'linux',
  home: '/home/ann',
  uid: 1000,
  hostname: 'host',
  kernel: '6.1.0',
  isContainer: false,
}
export const mac: LocalMachine = {
  platform: 'darwin',
  home: '/Users/ann',
  uid: 501,
  hostname: 'mac',
  kernel: '24.5.0',
  isContainer: false,
}
export const windows: LocalMachine = {
  platform: 'win32',
  home: 'C:/Users/ann',
  uid: undefined,
  hostname: 'pc',
  kernel: '10.0.22631',
  isContainer: false,
}
