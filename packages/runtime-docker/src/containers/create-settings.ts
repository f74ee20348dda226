import type { ContainerConfig, Healthcheck } from '@capstan/core'
import { type Device, type Gpus, type IpcMode, type PidMode, toOciHealthcheck } from '@capstan/core/plugin'
import { hasFeature } from '../quirks/api-features.js'

/** Returns the fields of `HostConfig` for the OCI runtime, devices, namespaces, restarts and the log driver. */
export function toRuntimeSettings(config: ContainerConfig): Readonly<Record<string, unknown>> {
  const { restartPolicy, logDriver, devices, gpus } = config
  return {
    Runtime: config.ociRuntime,
    Devices: devices?.map(toDevice),
    DeviceRequests: gpus === undefined ? undefined : [toDeviceRequest(gpus)],
    IpcMode: toNamespaceMode(config.ipcMode),
    PidMode: toNamespaceMode(config.pidMode),
    ShmSize: config.shmSizeBytes,
    RestartPolicy: toRestartPolicy(restartPolicy),
    LogConfig: logDriver && { Type: logDriver.name, Config: logDriver.options ?? {} },
  }
}

/**
 * Returns `Healthcheck` of the body. A field that is omitted has the default of the engine.
 *
 * From API 1.44 on (`startInterval`) engines check every 5 s in the start period, so a shorter interval is sent for it, too.
 */
export function toHealthcheckSettings(healthcheck: Healthcheck | undefined, apiVersion: string): object | undefined {
  if (healthcheck === undefined) return undefined
  const settings = toOciHealthcheck(healthcheck)
  const { intervalMs = defaultStartIntervalMs } = healthcheck === 'none' ? {} : healthcheck
  const isShort = intervalMs < defaultStartIntervalMs && hasFeature(apiVersion, 'startInterval')
  return isShort ? { ...settings, StartInterval: intervalMs * 1e6 } : settings
}

function toDevice({ source, target = source, permissions = 'rwm' }: Device): object {
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions }
}

/** The request of docker's client for `--gpus`. https://docs.docker.com/reference/api/engine/ (`DeviceRequest`) */
function toDeviceRequest(gpus: Gpus): object {
  const Capabilities = [['gpu']]
  if (gpus === 'all') return { Count: -1, Capabilities }
  return 'count' in gpus ? { Count: gpus.count, Capabilities } : { DeviceIDs: gpus.ids, Capabilities }
}

function toNamespaceMode(mode: IpcMode | PidMode | undefined): string | undefined {
  return typeof mode === 'object' ? `container:${mode.container}` : mode
}

/** Returns the restart policy of a request. */
export function toRestartPolicy(policy: ContainerConfig['restartPolicy']): object | undefined {
  return policy && { Name: policy.name, MaximumRetryCount: policy.maxRetries ?? 0 }
}

/** https://docs.docker.com/reference/api/engine/version-history/ (1.44) */
const defaultStartIntervalMs = 5_000
