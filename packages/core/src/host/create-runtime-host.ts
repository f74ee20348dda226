import type { HostOptions, RuntimeHost } from './runtime-host.js'

export declare function createRuntimeHost(options: HostOptions): RuntimeHost
