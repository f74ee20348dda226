export { BuildKitClient, type PruneOptions } from './control/buildkit-client.js'
export type { BuildKitWorker, CacheRecord } from './control/control-records.js'
