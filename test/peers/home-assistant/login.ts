/** What a login is given. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: string;
  readonly expires_in: number;
}

const USER = { name: 'Tester', username: 'tester', password: 'correct horse', language: 'en' };

/** Makes the house's first user, and logs in as a browser does. */
export async function logIn(url: string): Promise<Tokens> {
  const client = { client_id: `${url}/` };
  const user = JSON.stringify({ ...client, ...USER });
  const { auth_code: code } = await post<{ auth_code: string }>(`${url}/api/onboarding/users`, user);
  return post(`${url}/auth/token`, new URLSearchParams({ ...client, grant_type: 'authorization_code', code }));
}

async function post<Value>(url: string, body: string | URLSearchParams): Promise<Value> {
  const response = await fetch(url, { method: 'POST', body });
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
  return response.json() as Promise<Value>;
}
