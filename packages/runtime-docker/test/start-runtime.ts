import { DockerExecManager } from '../src/docker-exec-manager.js'
import { DockerFirewallManager } from '../src/docker-firewall-manager.js'
import { DockerImageBuilder } from '../src/docker-image-builder.js'
import { DockerImageTransfer } from '../src/docker-image-transfer.js'
import { DockerRuntime } from '../src/docker-runtime.js'
import { DockerSidecarManager } from '../src/docker-sidecar-manager.js'
import type { DockerDetails } from '../src/engine/docker-details.js'
import type { DockerTimeouts } from '../src/engine/docker-timeouts.js'
import { type StartedFake, startFakeEngine } from './fake/fake-docker-engine.js'

export interface StartedRuntime extends StartedFake {
  readonly runtime: DockerRuntime
  readonly sidecars: DockerSidecarManager
  readonly execs: DockerExecManager
  readonly builder: DockerImageBuilder
  readonly firewalls: DockerFirewallManager
  readonly images: DockerImageTransfer
}

/** A runtime on a fake engine, for one test. */
export async function startRuntime(
  changes: Partial<DockerDetails> = {},
  timeouts: Partial<DockerTimeouts> = {},
): Promise<StartedRuntime> {
  const started = await startFakeEngine(changes, timeouts)
  return {
    ...started,
    runtime: new DockerRuntime(started.engine),
    sidecars: new DockerSidecarManager(started.engine),
    execs: new DockerExecManager(started.engine),
    builder: new DockerImageBuilder(started.engine),
    firewalls: new DockerFirewallManager(started.engine),
    images: new DockerImageTransfer(started.engine),
  }
}
