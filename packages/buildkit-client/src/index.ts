export type { BuildRecord } from './control/build-record.js'
export { BuildKitClient, type PruneOptions, type SessionHeaders } from './control/buildkit-client.js'
export type { BuildKitWorker, CacheRecord } from './control/control-records.js'
export { openSession, type Session, type SessionOptions, type SessionServices } from './session/session.js'
