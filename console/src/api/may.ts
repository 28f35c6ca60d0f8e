import { useSession } from "./queries";

const ladder = ["viewer", "operator", "administrator"] as const;
type Role = (typeof ladder)[number];

/** Whether who is signed in has at least this role. */
export function useMay(least: Role): boolean {
  const role = useSession().data?.role;
  return role !== undefined && ladder.indexOf(role) >= ladder.indexOf(least);
}
