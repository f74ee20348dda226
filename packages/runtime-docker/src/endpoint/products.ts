import { supportedApi } from '../api-version.js'
import type { AcceptedEngine } from '../compatible/accepted-engine.js'

/** Docker's own engine, and what speaks like it without a name of its own. */
export const dockerProduct: AcceptedEngine = {
  product: 'docker',
  title: 'Docker',
  server: 'Docker',
  component: 'Engine',
  orOther: true,
  oldestApi: supportedApi.oldest,
  hostName: 'host.docker.internal',
}

/** Podman where the docker command would find it; it says 1.40 where it means what Docker's 1.41 is. */
export const podmanProduct: AcceptedEngine = {
  product: 'podman',
  title: 'Podman',
  server: 'Libpod',
  component: 'Podman Engine',
  oldestApi: '1.40',
  hostName: 'host.containers.internal',
}
