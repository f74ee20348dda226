import type { DockerApi } from '../docker-api.js'
import type { DockerodeModem } from './dockerode-modem.js'

/** dockerode over the modem given. It is loaded by the first call of an opened runtime, and not before: it takes 90 ms. */
export async function loadDockerode(modem: DockerodeModem): Promise<DockerApi> {
  const { default: Dockerode } = await import('dockerode')
  // `modem` is an option of dockerode that its types do not know; DockerApi is the part of it that is used here.
  return new Dockerode({ modem } as object) as unknown as DockerApi
}
