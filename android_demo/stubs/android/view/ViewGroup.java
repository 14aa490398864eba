package android.view;

import android.content.Context;

public abstract class ViewGroup extends View {
    public ViewGroup(Context context) {
        super(context);
    }

    public int getChildCount() { throw new RuntimeException("stub"); }

    public View getChildAt(int index) { throw new RuntimeException("stub"); }
}
